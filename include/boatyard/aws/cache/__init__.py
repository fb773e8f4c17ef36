"""Work that was done already, with the same input contents, code, image and parameters, is taken and not done again."""
