"""The five places, and the dialogs that open over them."""
