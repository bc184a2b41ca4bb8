"""What goes on in the background of a running service: its clock, upkeep, and readiness."""
