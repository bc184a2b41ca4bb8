"""The independent verifier, which shares nothing with those whose plans it looks at."""
