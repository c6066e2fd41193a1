module cambio.example/interop/go-oauth2

go 1.26

require github.com/go-oauth2/oauth2/v4 v4.6.0
