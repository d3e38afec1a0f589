"""The policy language: text → Policy → Decision. Pure but for reading a file and the stores of the ledger."""
