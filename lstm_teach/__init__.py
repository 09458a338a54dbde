"""Understand how a gradient travels back through an LSTM."""
