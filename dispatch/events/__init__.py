"""What others are told of: the log as events, streams, and webhooks."""
