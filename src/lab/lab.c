/* SPDX-License-Identifier: MIT */
#include "lab/lab.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/netns.h"

/* What lab_run holds while the command runs. */
struct lab {
	struct netns netns;
	struct null_server server;
	sigset_t caught;
	sigset_t saved_mask;
	struct sigaction saved_child;
};

void lab_options_init(struct lab_options *options)
{
	*options = (struct lab_options){
		.port = LAB_DEFAULT_PORT,
		.body_bytes = LAB_DEFAULT_BODY_BYTES,
	};
}

static int lab_open(struct lab *lab, const struct lab_options *options, struct err *err)
{
	int code = netns_open(&lab->netns, err);

	for (size_t i = 0; code == 0 && i < options->network_count; i++)
		code = netns_add_network(&lab->netns, options->networks[i], (unsigned int)i, err);
	if (code == 0)
		code = netns_enter(&lab->netns, err);
	if (code)
		return code;
	code = null_server_start(&lab->server, options->port, options->body_bytes, err);
	if (netns_leave(&lab->netns, code ? NULL : err) && code == 0)
		code = -EPERM;
	return code;
}

/* A blocked signal waits to be taken by sigwaitinfo even where its default is to be ignored; only
 * an inherited "ignore my children" would lose the command's status. */
static void lab_block_signals(struct lab *lab)
{
	struct sigaction child = {.sa_handler = SIG_DFL};

	sigemptyset(&lab->caught);
	sigaddset(&lab->caught, SIGINT);
	sigaddset(&lab->caught, SIGTERM);
	sigaddset(&lab->caught, SIGHUP);
	sigaddset(&lab->caught, SIGCHLD);
	sigaction(SIGCHLD, &child, &lab->saved_child);
	pthread_sigmask(SIG_BLOCK, &lab->caught, &lab->saved_mask);
}

static void lab_restore_signals(const struct lab *lab)
{
	sigaction(SIGCHLD, &lab->saved_child, NULL);
	pthread_sigmask(SIG_SETMASK, &lab->saved_mask, NULL);
}

/* The child: becomes the command, or tells why not through report_fd and ends. */
__attribute__((noreturn)) static void lab_become(const struct lab *lab,
	const struct lab_options *options, char *const argv[], pid_t parent, int report_fd)
{
	char url[64];
	ssize_t told;
	int code;

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", options->port);
	/* The parent may be gone before the request to die with it: ask afterwards. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent ||
		netns_enter(&lab->netns, NULL) || setenv(LAB_URL_VARIABLE, url, 1)) {
		code = errno;
	} else {
		lab_restore_signals(lab);
		execvp(argv[0], argv);
		code = errno;
	}
	told = write(report_fd, &code, sizeof(code));
	_exit(told == sizeof(code) ? 127 : 126);
}

static int lab_start(const struct lab *lab, const struct lab_options *options, char *const argv[],
	pid_t *child, struct err *err)
{
	pid_t parent = getpid();
	int report[2], code = 0;
	ssize_t got;

	if (pipe2(report, O_CLOEXEC))
		return err_set_errno(err, ERR_ENVIRONMENT, -errno, "cannot make a pipe");
	*child = fork();
	if (*child == 0)
		lab_become(lab, options, argv, parent, report[1]);
	if (*child < 0)
		code = err_set_errno(err, ERR_ENVIRONMENT, -errno, "cannot start a process");
	close(report[1]);
	if (code == 0) {
		int reason = 0;

		/* Ends without a byte when the exec closed the other side. */
		do
			got = read(report[0], &reason, sizeof(reason));
		while (got < 0 && errno == EINTR);
		if (got == sizeof(reason)) {
			code = err_set_errno(
				err, ERR_USAGE, -reason, "cannot run the command \"%s\"", argv[0]);
			waitpid(*child, NULL, 0);
		}
	}
	close(report[0]);
	return code;
}

static int lab_wait(const struct lab *lab, pid_t child, int *exit_status, struct err *err)
{
	siginfo_t info;
	int status;

	for (;;) {
		pid_t ended = waitpid(child, &status, WNOHANG);

		if (ended == child)
			break;
		if (ended < 0)
			return err_set_errno(
				err, ERR_ENVIRONMENT, -errno, "cannot wait for the command");
		if (sigwaitinfo(&lab->caught, &info) < 0 || info.si_signo == SIGCHLD)
			continue;
		/* What the terminal sends reaches the whole foreground group, the command
		 * too; a second one from here would mean "at once" to it. */
		if (info.si_code != SI_KERNEL)
			kill(child, info.si_signo);
	}
	*exit_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return 0;
}

int lab_run(
	const struct lab_options *options, char *const argv[], int *exit_status, struct err *err)
{
	struct lab lab = {0};
	pid_t child = -1;
	int code;

	if (!argv[0])
		return err_set(err, ERR_USAGE, -EINVAL,
			"no command to run: expected one after --, as in "
			"\"lab -- wrk http://127.0.0.1:8080/\"");
	code = lab_open(&lab, options, err);
	if (code)
		goto out;
	lab_block_signals(&lab);
	code = lab_start(&lab, options, argv, &child, err);
	if (code == 0)
		code = lab_wait(&lab, child, exit_status, err);
	lab_restore_signals(&lab);
	if (code == 0 && options->counts)
		code = null_server_counts(&lab.server, options->counts, err);
out:
	null_server_release(&lab.server);
	netns_close(&lab.netns);
	return code;
}
