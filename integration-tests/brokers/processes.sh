# shellcheck shell=bash
# Starting, waiting for and ending processes by their recorded id. Sourced by brokers.sh.

# How long a broker may take to answer, and to end before it is killed.
READY_SECONDS=${BROKERS_READY_SECONDS:-60}
STOP_SECONDS=${BROKERS_STOP_SECONDS:-20}

fail() {
    echo "brokers.sh: $*" >&2
    exit 1
}

pid_file() { echo "$BROKERS_HOME/$1/pid"; }
log_file() { echo "$BROKERS_HOME/$1/log"; }

# The recorded process lives and still is what was started: an id may have been given away since.
is_running() {
    local pid started
    read -r pid started 2>/dev/null <"$(pid_file "$1")" || return 1
    [[ -n $started && $(started_at "$pid") == "$started" ]]
}

# The 22nd field of /proc/PID/stat, counted after the name, which may hold spaces.
started_at() {
    local stat
    { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 0
    read -ra stat <<<"${stat##*) }"
    [[ ${stat[0]} == Z ]] || echo "${stat[19]}"
}

# listens_on PID PORT: the process has a listening TCP socket on the port.
listens_on() {
    local port inode
    printf -v port ':%04X' "$2"
    while read -r inode; do
        [[ -z $(find "/proc/$1/fd" -lname "socket:\[$inode\]" 2>/dev/null) ]] || return 0
    done < <(awk -v port="$port$" '$4 == "0A" && $2 ~ port { print $10 }' /proc/net/tcp /proc/net/tcp6)
    return 1
}

# is_well NAME PORT PATH: the process that was started answers a GET of the path with 200.
is_well() {
    local pid
    read -r pid _ <"$(pid_file "$1")"
    listens_on "$pid" "$2" && [[ $(http_status "$2" "$3") == *' 200 '* ]]
}

# http_status PORT PATH: the first line of the answer.
http_status() {
    exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
    printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$2" >&3
    timeout 5 head -n 1 <&3
    exec 3>&-
}

# spawn NAME command…: in a session of its own, with its output in the log.
spawn() {
    local name=$1
    shift
    setsid nohup "$@" >>"$(log_file "$name")" 2>&1 </dev/null &
    echo "$! $(started_at $!)" >"$(pid_file "$name")"
}

# wait_until NAME command…: until the command succeeds; fails at once if the broker ended.
wait_until() {
    local name=$1 deadline
    shift
    deadline=$(($(date +%s) + READY_SECONDS))
    until "$@" >/dev/null 2>&1; do
        is_running "$name" || fail "$name ended while it started: see $(log_file "$name"); is its port taken?"
        (($(date +%s) < deadline)) || fail "$name did not answer in $READY_SECONDS s: see $(log_file "$name"), or raise BROKERS_READY_SECONDS"
        sleep 0.05
    done
}

# stop NAME [SIGNAL]: by id; killed if it has not ended in time. Nothing to do if it does not run.
stop() {
    local pid deadline
    if is_running "$1"; then
        read -r pid _ <"$(pid_file "$1")"
        kill -s "${2:-TERM}" "$pid"
        deadline=$(($(date +%s) + STOP_SECONDS))
        while is_running "$1"; do
            (($(date +%s) < deadline)) || kill -s KILL "$pid" 2>/dev/null || true
            sleep 0.05
        done
    fi
    rm -f "$(pid_file "$1")"
}

# apt_install COMMAND PACKAGE: nothing if the command is there.
apt_install() { apt_install_for "$1" "$2" command -v "$1"; }

# apt_install_for WHAT PACKAGE CHECK…: nothing if the check succeeds.
apt_install_for() {
    "${@:3}" >/dev/null 2>&1 && return 0
    command -v apt-get >/dev/null || fail "$1 is missing and so is apt-get: install $1 by hand, then try again"
    [[ $(id -u) == 0 ]] || fail "$1 is missing: run this as root, or 'apt-get install $2' first"
    echo "$1 is missing: installing $2" >&2
    # The package's own service must not start beside ours.
    local policy=/usr/sbin/policy-rc.d ours=no
    if [[ ! -e $policy ]]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
        ours=yes
    fi
    apt-get update -qq >&2 || echo "apt-get update failed: trying with the lists at hand" >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >&2 || true
    [[ $ours == no ]] || rm -f "$policy"
    "${@:3}" >/dev/null 2>&1 || fail "installing $2 failed: see above, then try again"
}

# python_environment CACHE WORD…: CACHE/venv, with what pip installs by these words; nothing if it is
# complete. Others that need the same at the same time wait.
python_environment() {
    local cache=$1
    shift
    [[ ! -f $cache/complete ]] || return 0
    mkdir -p "$cache"
    (
        flock 9
        [[ ! -f $cache/complete ]] || exit 0
        # Debian keeps what makes environments in a package of its own.
        apt_install_for "Python's venv" python3-venv python3 -c 'import ensurepip, venv'
        echo "fetching from PyPI: $*" >&2
        python3 -m venv --clear "$cache/venv" &&
            "$cache/venv/bin/pip" install -q --disable-pip-version-check "$@" >&2 ||
            fail "PyPI did not give everything: see above"
        touch "$cache/complete"
    ) 9>"$cache/lock" || exit 1
}

# maven_jars CACHE "GROUP NAME VERSION"…: CACHE/jars, with these and all that they need, and Java to run them
# by; nothing is fetched if it is complete. Others that need the same at the same time wait.
maven_jars() {
    local cache=$1
    shift
    apt_install java default-jre-headless
    [[ ! -f $cache/complete ]] || return 0
    mkdir -p "$cache"
    (
        flock 9
        [[ ! -f $cache/complete ]] || exit 0
        apt_install mvn maven
        echo "fetching from Maven Central: $*" >&2
        maven_project "$@" >"$cache/pom.xml"
        mvn -q -B -f "$cache/pom.xml" dependency:copy-dependencies \
            -DoutputDirectory="$cache/jars" -DincludeScope=runtime >&2 ||
            fail "Maven Central did not give everything: see above"
        touch "$cache/complete"
    ) 9>"$cache/lock" || exit 1
}

# What Maven is to fetch.
maven_project() {
    local jar group name version
    echo '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
    echo '<groupId>local</groupId><artifactId>jars</artifactId><version>1</version>'
    echo '<packaging>pom</packaging><dependencies>'
    for jar in "$@"; do
        read -r group name version <<<"$jar"
        echo "<dependency><groupId>$group</groupId><artifactId>$name</artifactId>"
        echo "<version>$version</version></dependency>"
    done
    echo '</dependencies></project>'
}
