"""Keep AI models from any registry in a Backstage catalog, through pull requests that people approve."""

__version__ = "0.1.0"
