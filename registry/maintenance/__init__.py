"""What keeps a store tidy beside the servers that use it: garbage collection, and the removal of left-overs."""
