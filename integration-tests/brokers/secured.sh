# shellcheck shell=bash
# What the secured brokers have in common: TLS by a CA of their own, which is made when they start, and
# the users admin (everything), wingman (what the adapter's README asks for) and limited (what it asks
# for without provisioning, on topics secured-* and group workers). The password of each is test.
# Sourced by brokers.sh.

# secured_install NAME: the plain broker, and what makes certificates.
secured_install() {
    "$1_install"
    apt_install openssl openssl
}

# secured_files NODE: in the folder tls of its data, ca.pem; server.pem for localhost, and not for its
# address; elsewhere.pem for another host; client.pem, and expired.pem for localhost, which is none any
# more; stranger.pem, a CA that signed nothing. With .key for each.
secured_files() {
    secured_certificates "$BROKERS_HOME/$1/data/tls" >>"$(log_file "$1")" 2>&1 ||
        fail "the certificates could not be made: see $(log_file "$1")"
}

secured_certificates() {
    local name
    [[ ! -f $1/complete ]] || return 0
    mkdir -p "$1"
    for name in ca stranger; do
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
            -subj "/CN=Wingman tests $name" -keyout "$1/$name.key" -out "$1/$name.pem"
    done
    secured_certificate "$1" server localhost -days 30
    secured_certificate "$1" client localhost -days 30
    secured_certificate "$1" elsewhere elsewhere.example -days 30
    secured_certificate "$1" expired localhost -days -1
    touch "$1/complete"
}

# secured_certificate FOLDER NAME HOST WORD…: signed by the folder's CA.
secured_certificate() {
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$2" \
        -addext "subjectAltName=DNS:$3" -keyout "$1/$2.key" -out "$1/$2.csr"
    openssl x509 -req -in "$1/$2.csr" -copy_extensions copy -CA "$1/ca.pem" -CAkey "$1/ca.key" \
        "${@:4}" -out "$1/$2.pem"
}

