"""What Model A said: the transfer set, its durable store, and collection with resume."""
