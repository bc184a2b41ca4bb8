"""Solves in the background, from the request to the draft."""
