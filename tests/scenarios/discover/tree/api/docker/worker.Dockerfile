FROM golang:1.22-alpine \
  AS build
RUN go build

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /app /app
