"""Requests, downloads and the vendor's answers."""
