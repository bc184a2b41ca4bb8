"""The service as its users meet it: started, asked, killed, and filled with a past."""
