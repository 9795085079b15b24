// A Pub/Sub for tests: Google's in-memory fake, pstest, which speaks gRPC, with the few administrative
// calls that clients make over REST in front of it. Both on one port.
package main

import (
	"context"
	"flag"
	"io"
	"log"
	"net"
	"net/http"
	"strings"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/pubsub/v2/pstest"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

func main() {
	address := flag.String("address", "127.0.0.1:18085", "where to listen")
	flag.Parse()
	fake := pstest.NewServer()
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("serving on %s", listener.Addr())
	rest := newHandedOver(listener.Addr())
	go func() { log.Fatal(http.Serve(rest, &admin{&fake.GServer})) }()
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go sort(connection, fake.Addr, rest)
	}
}

// admin answers /v1/projects/P/topics[/T[/subscriptions]] and /v1/projects/P/subscriptions/S.
type admin struct{ fake *pstest.GServer }

func (a *admin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		reply(w, nil, status.Error(codes.InvalidArgument, err.Error()))
		return
	}
	answer, err := a.answer(r.Context(), r.Method, strings.TrimPrefix(r.URL.Path, "/v1/"), body)
	reply(w, answer, err)
}

func (a *admin) answer(ctx context.Context, method, path string, body []byte) (proto.Message, error) {
	parts := strings.Split(path, "/")
	if len(parts) < 3 {
		return nil, status.Error(codes.Unimplemented, method+" "+path)
	}
	switch kind := parts[2]; {
	case method == "GET" && kind == "topics" && len(parts) == 3:
		return a.fake.ListTopics(ctx, &pubsubpb.ListTopicsRequest{Project: parts[0] + "/" + parts[1]})
	case method == "PUT" && kind == "topics" && len(parts) == 4:
		topic := &pubsubpb.Topic{}
		if err := read(body, topic); err != nil {
			return nil, err
		}
		topic.Name = path
		return a.fake.CreateTopic(ctx, topic)
	case method == "GET" && kind == "topics" && len(parts) == 4:
		return a.fake.GetTopic(ctx, &pubsubpb.GetTopicRequest{Topic: path})
	case method == "DELETE" && kind == "topics" && len(parts) == 4:
		return a.fake.DeleteTopic(ctx, &pubsubpb.DeleteTopicRequest{Topic: path})
	case method == "GET" && kind == "topics" && len(parts) == 5 && parts[4] == "subscriptions":
		topic := strings.Join(parts[:4], "/")
		return a.fake.ListTopicSubscriptions(ctx, &pubsubpb.ListTopicSubscriptionsRequest{Topic: topic})
	case method == "PUT" && kind == "subscriptions" && len(parts) == 4:
		subscription := &pubsubpb.Subscription{}
		if err := read(body, subscription); err != nil {
			return nil, err
		}
		subscription.Name = path
		return a.fake.CreateSubscription(ctx, subscription)
	case method == "GET" && kind == "subscriptions" && len(parts) == 4:
		return a.fake.GetSubscription(ctx, &pubsubpb.GetSubscriptionRequest{Subscription: path})
	case method == "DELETE" && kind == "subscriptions" && len(parts) == 4:
		return a.fake.DeleteSubscription(ctx, &pubsubpb.DeleteSubscriptionRequest{Subscription: path})
	default:
		return nil, status.Error(codes.Unimplemented, method+" "+path)
	}
}

func read(body []byte, into proto.Message) error {
	if err := protojson.Unmarshal(body, into); err != nil {
		return status.Error(codes.InvalidArgument, err.Error())
	}
	return nil
}

// reply writes the answer or the error as Google's services do (Google API design guide, "Errors").
func reply(w http.ResponseWriter, answer proto.Message, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		said := status.Convert(err)
		code := http.StatusInternalServerError
		if known, ok := httpCodes[said.Code()]; ok {
			code = known
		}
		w.WriteHeader(code)
		name := strings.ToUpper(snake(said.Code().String()))
		_, _ = io.WriteString(w, errorText(code, name, said.Message()))
		return
	}
	text, err := protojson.Marshal(answer)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(text)
}
