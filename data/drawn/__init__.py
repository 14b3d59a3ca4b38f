"""Garments that the program draws itself."""
