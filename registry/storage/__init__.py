"""Objects by key on any store with conditional writes: drivers below, `Storage` above them."""
