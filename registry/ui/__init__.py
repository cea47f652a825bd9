"""The few pages that a person opens in a browser. They run no script and keep no cookie."""
