"""Versions of plans: stored, compared, published, merged."""
