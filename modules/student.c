// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * student: a list of records taken from one kmalloc'ed array; the example of
 * many kernel introductions, written out with their names.
 *
 * Era: both.  Exercises: kmalloc, memset, kfree, INIT_LIST_HEAD, list_add,
 * list_add_tail, list_for_each, list_entry, list_for_each_safe, list_del,
 * list_empty.
 */
#include <linux/kernel.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/string.h>

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("student list on top of kmalloc");

#define NR_STUDENTS 5

struct student {
	char name[32];
	int num;
	struct list_head list;
};

static struct student *pstudent;	/* the array */
static struct student *tmp_student;	/* the one at hand */
static struct list_head student_list;
static struct list_head *pos;

static int __init mylist_init(void)
{
	int i, seen = 0;

	INIT_LIST_HEAD(&student_list);
	pstudent = kmalloc(sizeof(struct student) * NR_STUDENTS, GFP_KERNEL);
	if (!pstudent)
		return -ENOMEM;
	memset(pstudent, 0, sizeof(struct student) * NR_STUDENTS);

	for (i = 0; i < NR_STUDENTS; i++) {
		sprintf(pstudent[i].name, "Student%d", i + 1);
		pstudent[i].num = i + 1;
		/* odd ones to the front, even ones to the back */
		if (i & 1)
			list_add_tail(&pstudent[i].list, &student_list);
		else
			list_add(&pstudent[i].list, &student_list);
	}

	list_for_each(pos, &student_list) {
		tmp_student = list_entry(pos, struct student, list);
		printk(KERN_INFO "student: num %d name %s\n",
		       tmp_student->num, tmp_student->name);
		seen++;
	}
	printk(KERN_INFO "student: %d on the list\n", seen);
	return 0;
}

static void __exit mylist_exit(void)
{
	struct list_head *next;
	int gone = 0;

	list_for_each_safe(pos, next, &student_list) {
		list_del(pos);
		gone++;
	}
	printk(KERN_INFO "student: removed %d, list %s\n", gone,
	       list_empty(&student_list) ? "empty" : "not empty");
	kfree(pstudent);
}

module_init(mylist_init);
module_exit(mylist_exit);
