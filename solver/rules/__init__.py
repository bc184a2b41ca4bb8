"""The rules that need no times: who could take a visit, what plans cost, what was waived."""
