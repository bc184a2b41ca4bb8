"""Technicians' devices, which are told when a day changes."""
