/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Tasks, and who of them runs.
 *
 * Each task has a stack in the machine; one runs, the others have left their registers on theirs.  Another one runs only
 * where the running one sleeps or offers its CPU, so nothing is ever interrupted but by timers and soft interrupts.  Who
 * is next: who was woken first, or, with a seed, anybody who can run, by the seed's numbers.
 *
 * Time does not wait.  When nobody can run, the clock jumps to the next timer or the first end of a sleep.  When there is
 * none either, nobody will ever run again: that is a deadlock, and ends the run.
 *
 * The host's own task has entered the runtime through as many calls as kmem_depth says; others run meanwhile, wherever
 * that is.  Who has entered module code through a host function (a constructor) must be the one to come back from there,
 * so a task that has such a level can only go on while it is the innermost.
 */
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>
#include "rt.h"

#define TASK_DEAD	0x80
#define YIELD_NS	2000	/* what a change of tasks takes */
#define IDLE_ID		(~0U)

int kmem_preempt_count;
int kmem_irqs_disabled;
int kmem_rcu_depth;
unsigned int kmem_lock_id = 1;
unsigned int kmem_cpu;
unsigned int kmem_depth;	/* levels of module code inside each other; the host counts */
unsigned int kmem_level;	/* the innermost one that the running task has entered */
unsigned int kmem_seed;		/* 0: in turn; set by the host */

static struct signal_struct no_terminal;
#if KMEM_ERA >= 60
struct cred kmem_cred;
#endif

static struct task_struct main_task = {
	.pid = 100,
	.tgid = 100,
	.prio = 120,
	.static_prio = 120,
	.parent = &main_task,
	.real_parent = &main_task,
	.group_leader = &main_task,
	.signal = &no_terminal,
#if KMEM_ERA >= 60
	.cred = &kmem_cred,
	.real_cred = &kmem_cred,
#endif
	.comm = "insmod",
	.kmem = { .lock_id = 1, .deadline = KMEM_NEVER, .usage = 1 },
};

static struct task_struct idle_task = {
	.prio = 120,
	.static_prio = 120,
	.parent = &idle_task,
	.group_leader = &idle_task,
	.comm = "swapper/0",
	.flags = PF_KTHREAD,
	.kmem = { .lock_id = IDLE_ID, .deadline = KMEM_NEVER, .usage = 1 },
};

struct task_struct *kmem_current = &main_task;
/* where kmem finds who runs */
const unsigned int kmem_task_pid_at = offsetof(struct task_struct, pid);
const unsigned int kmem_task_comm_at = offsetof(struct task_struct, comm);
static LIST_HEAD(tasks);
static struct task_struct *buried;	/* has ended; its stack goes once another one runs */
static unsigned int last_id = 1;
static int last_pid = 100;
static u64 last_woken;

void kmem_sched_init(void)
{
	list_add_tail(&main_task.kmem.all, &tasks);
}

struct task_struct *kmem_task_after(const struct task_struct *task)
{
	const struct list_head *at = task ? &task->kmem.all : &tasks;

	return list_is_last(at, &tasks) ? NULL : list_entry(at->next, struct task_struct, kmem.all);
}

/* the script goes on as another user */
void kmem_user_become(unsigned int uid, unsigned int gid)
{
#if LINUX_VERSION_CODE >= 0x030500
	kuid_t user = KUIDT_INIT(uid);
	kgid_t group = KGIDT_INIT(gid);

	kmem_cred = (struct cred){ user, user, user, user, group, group, group, group };
#elif KMEM_ERA >= 60
	kmem_cred = (struct cred){ uid, uid, uid, uid, gid, gid, gid, gid };
#else
	main_task.uid = main_task.euid = main_task.suid = main_task.fsuid = uid;
	main_task.gid = main_task.egid = main_task.sgid = main_task.fsgid = gid;
#endif
}

int capable(int cap)
{
#if LINUX_VERSION_CODE >= 0x030500
	return kmem_cred.euid.val == 0 || kmem_current != &main_task;
#elif KMEM_ERA >= 60
	return kmem_cred.euid == 0 || kmem_current != &main_task;
#else
	return kmem_current->euid == 0;
#endif
}

void kmem_rt_set_current(const char *comm, int pid)
{
	size_t len = strnlen(comm, TASK_COMM_LEN - 1);

	memcpy(main_task.comm, comm, len);
	main_task.comm[len] = '\0';
	main_task.pid = pid;
	main_task.tgid = pid;
}

/* xorshift; any seed but 0 */
unsigned int kmem_seeded(unsigned int below)
{
	kmem_seed ^= kmem_seed << 13;
	kmem_seed ^= kmem_seed >> 17;
	kmem_seed ^= kmem_seed << 5;
	return kmem_seed % below;
}

/* --- who can run --- */

static int can_run(const struct task_struct *task)
{
	return task->kmem_task_state == TASK_RUNNING &&
	       (!task->kmem.level || task->kmem.level == kmem_depth);
}

static struct task_struct *pick(void)
{
	struct task_struct *task, *best = NULL;
	unsigned int count = 0;

	list_for_each_entry(task, &tasks, kmem.all) {
		if (!can_run(task))
			continue;
		count++;
		if (!best || task->kmem.woken < best->kmem.woken)
			best = task;
	}
	if (!kmem_seed || count < 2)
		return best;
	count = kmem_seeded(count);
	list_for_each_entry(task, &tasks, kmem.all)
		if (can_run(task) && !count--)
			return task;
	return best;
}

/* somebody else */
int kmem_others_can_run(void)
{
	struct task_struct *task;

	list_for_each_entry(task, &tasks, kmem.all)
		if (task != kmem_current && can_run(task))
			return 1;
	return 0;
}

int need_resched(void)
{
	return kmem_others_can_run();
}

static void make_runnable(struct task_struct *task)
{
	task->kmem_task_state = TASK_RUNNING;
	task->kmem.woken = ++last_woken;
	task->kmem.deadline = KMEM_NEVER;
}

int kmem_try_to_wake_up(struct task_struct *task, unsigned int mode)
{
	if (!(task->kmem_task_state & mode) || task->kmem_task_state == TASK_DEAD)
		return 0;
	make_runnable(task);
	return 1;
}

int wake_up_process(struct task_struct *task)
{
	return kmem_try_to_wake_up(task, ~0U);
}

static void wake_sleepers(void)
{
	u64 now = kmem_clock_peek();
	struct task_struct *task;

	list_for_each_entry(task, &tasks, kmem.all) {
		if (task->kmem_task_state != TASK_RUNNING && task->kmem.deadline <= now) {
			task->kmem.late = 1;
			make_runnable(task);
		}
	}
}

static u64 first_deadline(void)
{
	struct task_struct *task;
	u64 first = kmem_timer_next();

	list_for_each_entry(task, &tasks, kmem.all)
		if (task->kmem_task_state != TASK_RUNNING && task->kmem.deadline < first)
			first = task->kmem.deadline;
	return first;
}

/* --- changing over --- */

void kmem_switch_stack(unsigned long *save, unsigned long sp);
#ifdef __x86_64__
asm(".pushsection .text\n"
    ".globl kmem_switch_stack\n"
    ".type kmem_switch_stack, @function\n"
    "kmem_switch_stack:\n"
    "	pushq %rbp\n"
    "	pushq %rbx\n"
    "	pushq %r12\n"
    "	pushq %r13\n"
    "	pushq %r14\n"
    "	pushq %r15\n"
    "	movq %rsp, (%rdi)\n"
    "	movq %rsi, %rsp\n"
    "	popq %r15\n"
    "	popq %r14\n"
    "	popq %r13\n"
    "	popq %r12\n"
    "	popq %rbx\n"
    "	popq %rbp\n"
    "	ret\n"
    ".size kmem_switch_stack, . - kmem_switch_stack\n"
    ".popsection\n");

/* what a task that does not run has on top of its stack */
struct saved {
	unsigned long r15, r14, r13, r12, bx, bp, ip;
};
#else
asm(".pushsection .text\n"
    ".globl kmem_switch_stack\n"
    ".type kmem_switch_stack, @function\n"
    "kmem_switch_stack:\n"
    "	movl 4(%esp), %eax\n"
    "	movl 8(%esp), %edx\n"
    "	pushl %ebp\n"
    "	pushl %ebx\n"
    "	pushl %esi\n"
    "	pushl %edi\n"
    "	movl %esp, (%eax)\n"
    "	movl %edx, %esp\n"
    "	popl %edi\n"
    "	popl %esi\n"
    "	popl %ebx\n"
    "	popl %ebp\n"
    "	ret\n"
    ".size kmem_switch_stack, . - kmem_switch_stack\n"
    ".popsection\n");

/* what a task that does not run has on top of its stack */
struct saved {
	unsigned long di, si, bx, bp, ip;
};
#endif

static void put_away(struct task_struct *task)
{
	task->kmem.preempt_count = kmem_preempt_count;
	task->kmem.irqs_disabled = kmem_irqs_disabled;
	task->kmem.rcu_depth = kmem_rcu_depth;
	task->kmem.level = kmem_level;
}

static void take_up(struct task_struct *task)
{
	kmem_current = task;
	kmem_preempt_count = task->kmem.preempt_count;
	kmem_irqs_disabled = task->kmem.irqs_disabled;
	kmem_rcu_depth = task->kmem.rcu_depth;
	kmem_level = task->kmem.level;
	kmem_lock_id = task->kmem.lock_id;
}

void kmem_move_to_cpu(unsigned int cpu)
{
	if (cpu != kmem_cpu) {
		kmem_cpu = cpu;
		kmem_host_cpu(cpu);
	}
}

static void bury(void)
{
	if (buried) {
		kmem_host_stack_free(buried->kmem.stack);
		buried->kmem.stack = 0;
		buried = NULL;
	}
}

static void switch_to(struct task_struct *next)
{
	struct task_struct *me = kmem_current;

	if (next == me)
		return;
	put_away(me);
	take_up(next);
	kmem_move_to_cpu(next->kmem.cpu);
	kmem_switch_stack(&me->kmem.sp, next->kmem.sp);
	bury();
}

#define NOBODY	"nobody can run, and no timer is pending"

/* names everybody who waits, the host's own task first */
static void __noreturn deadlock(const char *why)
{
	struct task_struct *task;

	list_for_each_entry(task, &tasks, kmem.all) {
		const struct saved *saved = (const struct saved *)task->kmem.sp;
		unsigned long bp = task == kmem_current ? (unsigned long)__builtin_frame_address(0) : saved->bp;
		unsigned long ip = task == kmem_current ? (unsigned long)deadlock + 1 : saved->ip;
		struct task_struct *owner = task->kmem.wait_owner;

		if (task->kmem_task_state == TASK_DEAD || kmem_is_idle_worker(task))
			continue;
		kmem_host_waiting(task->comm, task->pid,
				  task->kmem.wait_what ? task->kmem.wait_what : "schedule()",
				  ip, bp, owner ? owner->comm : NULL, owner ? owner->pid : 0);
	}
	kmem_host_stuck(why);
}

/* who sleeps in an interrupt has been reported: time passes, but nobody else can run */
static int cannot_leave(const char *what, u64 deadline)
{
	set_current_state(TASK_RUNNING);
	if (deadline == KMEM_NEVER)
		kmem_host_stuck(what ? what : "schedule() in an interrupt");
	kmem_clock_reach(deadline);
	return 0;
}

/*
 * The host's own task may wait for ever while others, with their timers, only come and go: after ten minutes in one wait
 * without an end nobody is expected to end it.
 */
#define PATIENCE_NS	(600ULL * NSEC_PER_SEC)
static struct {
	const char *what;
	const void *frame;
	u64 since;
} endless;

static void note_wait(const char *what, u64 deadline, const void *frame)
{
	if (kmem_current != &main_task)
		return;
	if (deadline == KMEM_NEVER && main_task.kmem_task_state != TASK_RUNNING &&
	    endless.what == what && endless.frame == frame)
		return;	/* woken, but not for what it waits for */
	endless.what = deadline == KMEM_NEVER && main_task.kmem_task_state != TASK_RUNNING ? what : NULL;
	endless.frame = frame;
	endless.since = kmem_clock_peek();
}

static void check_patience(void)
{
	if (endless.what && main_task.kmem_task_state != TASK_RUNNING &&
	    kmem_clock_peek() > endless.since + PATIENCE_NS)
		deadlock("ten minutes have passed: others run, but nobody ends this wait");
}

/* who runs next; soft interrupts and timers run meanwhile, as they do in an idle CPU */
static struct task_struct *next_task(void)
{
	struct task_struct *me = kmem_current, *next;
	int is_late = 0;
	u64 first;

	put_away(me);
	take_up(&idle_task);
	kmem_preempt_count = kmem_irqs_disabled = kmem_rcu_depth = 0;
	for (;;) {
		kmem_timers_run();
		wake_sleepers();
		if (kmem_run_deferred())
			continue;
		next = pick();
		if (next)
			break;
		first = first_deadline();
		if (first == KMEM_NEVER)
			break;
		kmem_clock_reach(first);
		is_late = 1;
	}
	take_up(me);
	if (is_late)
		check_patience();
	return next;
}

/*
 * Gives the CPU away until this task can run: at once, if its state says so.  0: it was the deadline that came.
 */
int kmem_block(const char *what, u64 deadline)
{
	struct task_struct *me = kmem_current, *next;

	if (me == &idle_task || in_hardirq() || in_serving_softirq())
		return cannot_leave(what, deadline);
	note_wait(what, deadline, __builtin_frame_address(0));
	me->kmem.late = 0;
	me->kmem.deadline = deadline;
	me->kmem.wait_what = what;
	if (me->kmem_task_state == TASK_RUNNING) {
		kmem_clock_reach(kmem_clock_peek() + YIELD_NS);
		me->kmem.woken = ++last_woken;
	}
	next = next_task();
	if (!next)
		deadlock(NOBODY);
	switch_to(next);
	me->kmem.deadline = KMEM_NEVER;
	me->kmem.wait_what = NULL;
	return !me->kmem.late;
}

void kmem_schedule(void)
{
	kmem_block("schedule()", KMEM_NEVER);
}

void kmem_yield(void)
{
	set_current_state(TASK_RUNNING);
	kmem_block(NULL, KMEM_NEVER);
}

void kmem_cond_resched(void)
{
	if (kmem_others_can_run())
		kmem_yield();
}

int kmem_wait_on(const void *key, const char *what, u64 deadline)
{
	int in_time;

	kmem_current->kmem.wait_on = key;
	set_current_state(TASK_UNINTERRUPTIBLE);
	in_time = kmem_block(what, deadline);
	kmem_current->kmem.wait_on = NULL;
	return in_time;
}

void kmem_wake_on(const void *key)
{
	struct task_struct *task;

	list_for_each_entry(task, &tasks, kmem.all)
		if (task->kmem.wait_on == key)
			wake_up_process(task);
}

/* who has waited the longest */
struct task_struct *kmem_first_waiting_on(const void *key)
{
	struct task_struct *task, *first = NULL;

	list_for_each_entry(task, &tasks, kmem.all)
		if (task->kmem.wait_on == key && (!first || task->kmem.woken < first->kmem.woken))
			first = task;
	return first;
}

/* for a lock that is held: waits for its holder; does not return when that is this task itself */
void kmem_wait_for_lock(const void *lock, const char *what, struct task_struct *owner)
{
	kmem_current->kmem.wait_owner = owner;
	kmem_wait_on(lock, what, KMEM_NEVER);
	kmem_current->kmem.wait_owner = NULL;
}

void kmem_sleep_until(u64 end, const char *what)
{
	while (kmem_clock_peek() < end) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		kmem_block(what, end);
	}
}

void kmem_sleep(u64 ns)
{
	kmem_sleep_until(kmem_clock_peek() + ns, "msleep()");
}

/* the host's way to let a pause between two operations pass */
void kmem_rt_sleep(u32 low, u32 high)
{
	kmem_sleep((u64)high << 32 | low);
	kmem_rt_idle();
}

/*
 * Between two calls into a module: everything that can run does, for a while.  Who never sleeps goes on in the next
 * pause.
 */
void kmem_rt_idle(void)
{
	u64 end = kmem_clock_peek() + 10 * TICK_NSEC;

	/* a user's own task goes on at once */
	if (kmem_current != &main_task)
		return;
	while (kmem_clock_peek() < end) {
		if (kmem_run_deferred())
			continue;
		if (!kmem_others_can_run())
			break;
		kmem_yield();
	}
}

/* whether any task but this one is in a read section */
int kmem_others_read(void)
{
	struct task_struct *task;

	list_for_each_entry(task, &tasks, kmem.all)
		if (task != kmem_current && task->kmem.rcu_depth)
			return 1;
	return 0;
}

struct task_struct *kmem_task_of_lock(unsigned int id)
{
	struct task_struct *task;

	list_for_each_entry(task, &tasks, kmem.all)
		if (task->kmem.lock_id == id)
			return task;
	return id == IDLE_ID ? &idle_task : NULL;
}

/* --- coming and going --- */

struct task_struct *kmem_task_create(void (*entry)(void))
{
	struct task_struct *task = kmem_rt_zalloc(sizeof(*task));
	struct saved *saved;

	if (!task)
		return NULL;
	task->kmem.stack = kmem_host_stack_alloc();
	if (!task->kmem.stack) {
		kmem_host_rt_free(task);
		return NULL;
	}
	/* one word more: the return address of entry, which it does not use and which ends the chain of frames */
	saved = (struct saved *)(task->kmem.stack - sizeof(unsigned long)) - 1;
	*saved = (struct saved){ .ip = (unsigned long)entry };
	*(unsigned long *)(saved + 1) = 0;
	task->kmem.sp = (unsigned long)saved;
	task->kmem.lock_id = ++last_id;
	task->kmem.deadline = KMEM_NEVER;
	task->kmem.usage = 1;
	task->kmem.cpu = last_id % KMEM_NR_CPUS;
	task->pid = task->tgid = ++last_pid;
	task->prio = task->static_prio = 120;
	task->flags = PF_KTHREAD;
	task->parent = &idle_task;
	task->group_leader = task;
	task->kmem_task_state = TASK_UNINTERRUPTIBLE;
	task->kmem.wait_what = "its first wake-up: nobody called wake_up_process()";
	list_add_tail(&task->kmem.all, &tasks);
	return task;
}

/* where a new task begins */
void kmem_task_begin(void)
{
	bury();
}

void __noreturn kmem_task_end(void)
{
	struct task_struct *me = kmem_current, *next;

	kmem_check_held("a thread", NULL, 0, 0, 0);
	kmem_rcu_depth = 0;
	me->kmem_task_state = TASK_DEAD;
	me->flags |= PF_EXITING;
	next = next_task();
	if (!next)
		deadlock(NOBODY);
	list_del(&me->kmem.all);
	INIT_LIST_HEAD(&me->kmem.all);
	put_task_struct(me);
	buried = me;
	switch_to(next);
	__builtin_unreachable();
}

int kmem_task_is_gone(const struct task_struct *task)
{
	return task->kmem_task_state == TASK_DEAD && !task->kmem.usage;
}

struct task_struct *get_task_struct(struct task_struct *task)
{
	task->kmem.usage++;
	return task;
}

/* The structure itself stays: so a use after its end is known for what it is. */
void put_task_struct(struct task_struct *task)
{
	if (!task->kmem.usage)
		kmem_host_misuse("put_task_struct: this task's last reference is gone already", task);
	else
		task->kmem.usage--;
}

void set_user_nice(struct task_struct *task, long nice)
{
	task->static_prio = task->prio = 120 + nice;
}

/* The host's own task that does not come back: its frames are left where they are. */
void do_exit(long code)
{
	if (kmem_current == &main_task)
		kmem_host_panic("do_exit() of the task that loads the module");
	kmem_thread_exit(code);
}
