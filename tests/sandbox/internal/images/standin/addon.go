package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strings"
)

// portsVariable is set in the image, from the ports that the addon's own manifest names.
const portsVariable = "STANDIN_PORTS"

// addon listens on every port of the addon and says yes to whatever is asked: the arguments, the configuration and the
// volumes of the real one are not looked at.
func addon(name string) error {
	ports := strings.Fields(os.Getenv(portsVariable))
	if len(ports) == 0 {
		return errors.New(portsVariable + " is empty: this image was not made for an addon")
	}
	addresses := make([]string, len(ports))
	for index, port := range ports {
		addresses[index] = ":" + port
	}
	return serve(addresses, agreeing(name))
}

func agreeing(name string) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		answer.Header().Set("Content-Type", "application/json")
		// Nothing can be done for a reader that has gone.
		_ = json.NewEncoder(answer).Encode(map[string]string{"status": "ok", "standin": name, "path": request.URL.Path})
	})
}
