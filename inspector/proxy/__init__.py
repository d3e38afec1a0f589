"""Clients on one side, servers on the other. Kept free of imports: the stdio shim starts through this package."""
