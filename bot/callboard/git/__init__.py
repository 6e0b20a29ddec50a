"""Git without a work tree: fetch, look, build commits on bare objects, push by compare-and-swap."""
