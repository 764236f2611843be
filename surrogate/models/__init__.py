"""Model B: emulators that answer in numbers, boxes that answer in regions."""
