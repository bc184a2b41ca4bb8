"""What a company has besides its work: people, places, machines, the catalogue."""
