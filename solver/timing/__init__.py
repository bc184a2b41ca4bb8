"""Times of a sequence of stops: whether it can be kept, and when it costs least."""
