"""Adapters: each implements a port and knows no other adapter."""
