# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Web servers for the tests of health checks; sourced. They are nginx: each answers with its name, and
# /healthz with 200, or with 503 while there is a file of its address in $web_folder/sick. What needs
# no process makes none, for one takes a fifth of a second in the emulated machine.
#
#	web_start NAME ADDRESS:PORT…   one server on all these, in the background
#	web_kill NAME                  kill -9
#	web_sick ADDRESS, web_well ADDRESS

# shellcheck disable=SC2154 # who sources this sets web_folder
declare -A web_pids=()
# What a server is started with: words that join another network namespace.
web_prefix=()

web_write() {
	local name=$1 listen text=''
	shift
	for listen; do
		text+="listen $listen; "
	done
	[[ -d $web_folder/sick ]] || mkdir -p "$web_folder/sick"
	cat >"$web_folder/$name.conf" <<-END
		daemon off;
		master_process off;
		pid $web_folder/$name.pid;
		error_log $web_folder/$name.log;
		events { worker_connections 4096; }
		http {
			access_log off;
			keepalive_timeout 0;
			client_body_temp_path $web_folder/$name.body;
			proxy_temp_path $web_folder/$name.proxy;
			fastcgi_temp_path $web_folder/$name.fastcgi;
			uwsgi_temp_path $web_folder/$name.uwsgi;
			scgi_temp_path $web_folder/$name.scgi;
			server {
				$text
				location = /healthz {
					if (-f $web_folder/sick/\$server_addr) { return 503; }
					return 200 "well\n";
				}
				location = /count { stub_status; }
				location / { return 200 "$name\n"; }
			}
		}
	END
}

web_start() {
	local name=$1
	[[ -f $web_folder/$name.conf && $# == 1 ]] || web_write "$@"
	: >"$web_folder/$name.log"
	"${web_prefix[@]}" nginx -e "$web_folder/$name.log" -c "$web_folder/$name.conf" </dev/null \
		>/dev/null 2>&1 &
	web_pids[$name]=$!
}

web_kill() {
	kill -KILL "${web_pids[$1]}"
	wait "${web_pids[$1]}" 2>/dev/null
	unset "web_pids[$1]"
}

web_kill_all() {
	local name
	for name in "${!web_pids[@]}"; do
		web_kill "$name"
	done
} 2>/dev/null

web_sick() {
	: >"$web_folder/sick/$1"
}

web_well() {
	rm "$web_folder/sick/$1"
}
