"""What technicians report, and what follows of it."""
