"""What a proof takes from the machine: time and memory in a budget, files read and written."""
