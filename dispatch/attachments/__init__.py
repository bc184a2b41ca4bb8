"""Photos and signatures of jobs: what is let in, where it is kept, and who may have it."""
