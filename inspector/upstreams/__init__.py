"""From a name or a URL on the command line to the server that it means."""
