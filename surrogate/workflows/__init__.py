"""The front doors that join the rooms: Surrogate, discover and the command line."""
