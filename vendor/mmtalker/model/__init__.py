"""The network: sampling, geometry, fusion, regression, and its saved form."""
