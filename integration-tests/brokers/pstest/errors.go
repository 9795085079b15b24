package main

import (
	"encoding/json"
	"net/http"
	"unicode"

	"google.golang.org/grpc/codes"
)

var httpCodes = map[codes.Code]int{
	codes.InvalidArgument:    http.StatusBadRequest,
	codes.FailedPrecondition: http.StatusBadRequest,
	codes.NotFound:           http.StatusNotFound,
	codes.AlreadyExists:      http.StatusConflict,
	codes.Unimplemented:      http.StatusNotImplemented,
}

func errorText(code int, name, message string) string {
	type said struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
		Status  string `json:"status"`
	}
	text, err := json.Marshal(map[string]said{"error": {code, message, name}})
	if err != nil {
		return "{}"
	}
	return string(text)
}

// snake turns NotFound into Not_Found.
func snake(name string) string {
	var out []rune
	for at, letter := range name {
		if at > 0 && unicode.IsUpper(letter) {
			out = append(out, '_')
		}
		out = append(out, letter)
	}
	return string(out)
}
