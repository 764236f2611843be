"""What may vary: parameters, the space they span, and boxes in it."""
