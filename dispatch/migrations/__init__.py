"""The schema's history, one module per change under ``versions``."""
