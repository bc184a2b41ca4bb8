"""Requests that come in while technicians are on the road (dynamic TRSP)."""
