// A kernel for GRUB's linux command (Linux, Documentation/x86/boot.rst, 32-bit boot protocol). Prints its label and
// command line to the first serial port, then does what its last letter says: H hangs, R ends in a triple fault, which
// resets the machine.
	.set	PORT, 0x3f8
	.set	LINE_STATUS, PORT + 5
	.set	CAN_SEND, 0x20
	.set	COMMAND_LINE, 0x228		// offset of cmd_line_ptr in boot_params

	.code32
	.text
image:	.org	image + 0x1f1
	.byte	1				// setup_sects
	.org	image + 0x1f4
	.long	(end - start + 15) / 16		// syssize
	.org	image + 0x1fe
	.word	0xaa55
	.byte	0xeb, 0x66			// jump over the header
	.ascii	"HdrS"
	.word	0x020c				// version of the protocol
	.org	image + 0x211
	.byte	1				// loadflags: loaded at 1 MiB
	.org	image + 0x214
	.long	0x100000			// code32_start
	.org	image + 0x22c
	.long	0x7fffffff			// initrd_addr_max
	.long	0x1000				// kernel_alignment
	.byte	0				// relocatable_kernel
	.org	image + 0x238
	.long	255				// cmdline_size
	.org	image + 0x258
	.quad	0x100000			// pref_address
	.long	0x10000				// init_size
	.org	image + 0x400

start:	mov	%esi, %ebx			// boot_params
	mov	$(0x100000 + prefix - start), %esi
	call	print
	mov	$(0x100000 + label - start), %esi
	call	print
	mov	$(0x100000 + infix - start), %esi
	call	print
	mov	COMMAND_LINE(%ebx), %esi
	call	print
	mov	$(0x100000 + newline - start), %esi
	call	print
	mov	0x100000 + mode - start, %al
	cmp	$'R', %al
	je	fault
hang:	cli
	hlt
	jmp	hang
fault:	lidt	0x100000 + nothing - start
	int3

print:	lodsb
	test	%al, %al
	jz	2f
	mov	%al, %cl
	mov	$LINE_STATUS, %dx
1:	in	%dx, %al
	test	$CAN_SEND, %al
	jz	1b
	mov	$PORT, %dx
	mov	%cl, %al
	out	%al, %dx
	jmp	print
2:	ret

prefix:	.asciz	"\r\npayload: "
infix:	.asciz	" booted with "
newline:.asciz	"\r\n"
nothing:.space	6
	.ascii	"LABEL>"
label:	.space	15
mode:	.ascii	"H"
	.balign	512
end:
