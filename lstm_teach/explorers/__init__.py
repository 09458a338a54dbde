"""Explorers: thin shells of labelled controls around the figures."""
