"""YAML as the npm package ``yaml`` reads it, which Backstage reads catalogs with.

libyaml is ten times as fast and says the same of almost every text; ``plain.is_plain`` knows of which ones
it surely does. What differs (tabs, odd indentation, anchors that stand twice, escapes, a YAML 1.1 directive)
is read here: ``tokens`` cuts a document into tokens, ``tree`` nests them by their indentation, ``nodes``
checks every place and makes nodes, ``stream`` tells documents apart.
"""
