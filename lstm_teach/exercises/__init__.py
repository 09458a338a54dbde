"""Checks that answer a learner's function with what is right already, what is off, where, and what to try next."""
