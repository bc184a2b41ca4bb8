"""What all operations have in common: who may ask, how they wait, how faults are told."""
