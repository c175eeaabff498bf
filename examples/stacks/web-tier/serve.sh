#!/bin/sh
# Adds to what the server shows on port 80. The addresses are known before there is a server.
echo "$ADDRESS" >/run/www/address
echo "$TOKEN" >/run/www/token
