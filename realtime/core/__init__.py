"""Shared value types, errors, options and protocols; imports no other room."""
