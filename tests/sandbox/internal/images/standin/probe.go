package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// probe asks URL once and prints the status on a line of its own, then the body. A status of any kind is an answer; no
// answer (a connection that is reset, as STRICT does to plaintext) is an error.
func probe(arguments []string) error {
	if len(arguments) != 1 {
		return errors.New("usage: probe URL")
	}
	// No connection is kept, so that each call is judged by the mesh anew.
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get(arguments[0])
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	fmt.Printf("%d\n%s", answer.StatusCode, body)
	return nil
}
