"""YAML as the npm package ``yaml`` reads it, which Backstage reads catalogs with.

libyaml is many times as fast and says the same of almost every text; ``ordinary`` knows of which ones it
surely does. What differs (tabs, odd indentation, anchors that stand twice, escapes, a YAML 1.1 directive) is
read here: ``stream`` tells documents apart, ``lexer`` cuts one into tokens, ``tree`` nests them by their
indentation, ``nodes`` checks every place and makes nodes.
"""
