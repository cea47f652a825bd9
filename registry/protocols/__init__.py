"""One folder for each package protocol, all of one shape."""
