"""What is solved, by whom, and how what came of it is kept."""
