"""From what machines say to jobs: sources and formats, rules, folding, withdrawal, and what could
not be read.
"""
