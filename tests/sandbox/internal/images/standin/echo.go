package main

import (
	"flag"
	"fmt"
	"net/http"
)

// echo takes the flags of hashicorp/http-echo 1.0.0 and answers every path alike, /health among them.
func echo(arguments []string) error {
	flags := flag.NewFlagSet("http-echo", flag.ContinueOnError)
	listen := flags.String("listen", ":5678", "address and port to listen on")
	text := flags.String("text", "hello-world", "text to answer with")
	status := flags.Int("status-code", http.StatusOK, "HTTP status code to answer with")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	return serve([]string{*listen}, echoing(*text, *status))
}

func echoing(text string, status int) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		answer.Header().Set("X-App-Name", "http-echo")
		answer.Header().Set("Content-Type", "text/plain; charset=utf-8")
		answer.WriteHeader(status)
		fmt.Fprintln(answer, text)
	})
}
