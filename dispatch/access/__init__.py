"""Who may do what: accounts, keys, tokens, sign-ins, and the browsers they come from."""
